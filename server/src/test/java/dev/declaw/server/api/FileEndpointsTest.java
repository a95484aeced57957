package dev.declaw.server.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.declaw.server.audit.AuditQuery;
import dev.declaw.server.fake.FakeGuest;
import dev.declaw.server.fake.RawHttp;
import dev.declaw.server.fake.TestServer;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class FileEndpointsTest {
    @TempDir
    Path home;

    private TestServer server;
    private RawHttp http;
    private String files;
    private FakeGuest guest;

    @BeforeEach
    void start() throws Exception {
        server = new TestServer(home);
        http = server.http;
        String id = http.post("/sandboxes", "{}").json().path("sandbox_id").textValue();
        files = "/sandboxes/" + id + "/files";
        guest = server.host.vm(id).guest;
    }

    @AfterEach
    void stop() {
        server.close();
    }

    @Test
    void textIsWrittenAndReadBackUnchanged() {
        RawHttp.Answer written = http.post(files, "{\"path\":\"/a/grüße.txt\",\"data\":\"grüße 😀\\n\",\"username\":\"user\"}");
        assertThat(written.text()).isEqualTo("{\"path\":\"/a/gr\\u00FC\\u00DFe.txt\",\"size\":13}");
        RawHttp.Answer read = http.get(files + "?path=%2Fa%2Fgr%C3%BC%C3%9Fe.txt&username=user");
        assertThat(read.text()).isEqualTo("grüße 😀\n");
        assertThat(read.header("Content-Type")).isEqualTo("text/plain; charset=utf-8");
        assertThat(read.header("Content-Length")).isEqualTo("13");
        RawHttp.Answer binary = http.call(
                "GET", files + "?path=/a/gr%C3%BC%C3%9Fe.txt", null, "Accept: application/octet-stream");
        assertThat(binary.header("Content-Type")).isEqualTo("application/octet-stream");
    }

    @Test
    void rawBytesGoThroughInBothDirectionsChunkedOrNot() throws Exception {
        byte[] bytes = new byte[300_000];
        new Random(1).nextBytes(bytes);
        RawHttp.Answer written = http.bytes("PUT", files + "/raw?path=/b.bin", bytes, http.authorization());
        assertThat(written.json().path("size").intValue()).isEqualTo(bytes.length);
        assertThat(http.get(files + "/raw?path=/b.bin").body()).isEqualTo(bytes);
        String chunked = "PUT " + files + "/raw?path=/c HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + http.authorization()
                + "\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
        try (Socket socket = http.sendRaw(chunked.getBytes(StandardCharsets.US_ASCII))) {
            assertThat(RawHttp.read(socket.getInputStream()).json().path("size").intValue()).isEqualTo(5);
        }
        assertThat(http.bytes("PUT", files + "/raw?path=/empty", new byte[0], http.authorization()).status()).isEqualTo(200);
        assertThat(http.get(files + "/raw?path=/empty").body()).isEmpty();
    }

    @Test
    void anUploadThatAnnouncesTooMuchIsRefusedBeforeItIsRead() throws Exception {
        String head = "PUT " + files + "/raw?path=/big HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + http.authorization()
                + "\r\nContent-Length: " + (FileEndpoints.RAW_BYTES_MAX + 1) + "\r\n\r\n";
        try (Socket socket = http.sendRaw(head.getBytes(StandardCharsets.US_ASCII))) {
            RawHttp.Answer answer = RawHttp.read(socket.getInputStream());
            assertThat(answer.status()).isEqualTo(413);
        }
        assertThat(guest.files).isEmpty();
    }

    @Test
    void batchesAnswerInOrderAndTakeTheUserFromEitherPlace() {
        RawHttp.Answer answer = http.post(
                files + "/batch",
                "{\"files\":[{\"path\":\"/2\",\"data\":\"zz\"},{\"path\":\"/1\",\"data\":\"é\",\"username\":\"root\"}],\"username\":\"user\"}");
        assertThat(answer.text()).isEqualTo("[{\"path\":\"/2\",\"size\":2},{\"path\":\"/1\",\"size\":2}]");
        assertThat(http.post(files + "/batch", "{\"files\":[{\"path\":\"/3\"}]}").json().path("message").textValue())
                .contains("files[0].data");
        assertThat(http.post(files + "/batch", "{\"files\":5}").status()).isEqualTo(400);
    }

    @Test
    void listingInfoExistsRenameAndMkdirHaveTheirShapes() {
        http.post(files, "{\"path\":\"/d/a.txt\",\"data\":\"abc\"}");
        assertThat(http.post(files + "/mkdir", "{\"path\":\"/d/sub\"}").text()).isEqualTo("{\"created\":true}");
        assertThat(http.post(files + "/mkdir", "{\"path\":\"/d/sub\"}").text()).isEqualTo("{\"created\":false}");
        String time = "\"modified_at\":\"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\\.[0-9]{6}\\+00:00\"";
        assertThat(http.get(files + "/list?path=/d&depth=1").text().replaceAll(time, "\"modified_at\":\"T\""))
                .isEqualTo(("[{'name':'a.txt','path':'/d/a.txt','type':'file','size':3,REST},"
                                + "{'name':'sub','path':'/d/sub','type':'dir','size':0,REST}]")
                        .replace("REST", "'mode':420,'owner':'user','modified_at':'T'")
                        .replace('\'', '"'));
        assertThat(http.get(files + "/exists?path=/d/a.txt").text()).isEqualTo("{\"exists\":true}");
        assertThat(http.get(files + "/exists?path=/nope").text()).isEqualTo("{\"exists\":false}");
        assertThat(http.get(files + "/info?path=/d/a.txt").json().path("name").textValue()).isEqualTo("a.txt");
        assertThat(http.get(files + "/info?path=/nope").status()).isEqualTo(404);
        RawHttp.Answer renamed = http.call("PATCH", files, "{\"old_path\":\"/d/a.txt\",\"new_path\":\"/d/b.txt\"}");
        assertThat(renamed.json().path("path").textValue()).isEqualTo("/d/b.txt");
        assertThat(http.get(files + "?path=/d/a.txt").status()).isEqualTo(404);
    }

    @Test
    void aRemovalThatOneClientSendsUnencodedHitsTheRightFile() {
        for (String name : new String[] {"/a b", "/a+b", "/a&b", "/plain"}) guest.files.put(name, new byte[1]);
        assertThat(http.delete(files + "?path=/a%20b&username=user").text()).isEqualTo("{}");
        assertThat(http.delete(files + "?path=/a+b&username=user").status()).isEqualTo(200);
        assertThat(http.delete(files + "?path=/a&b&username=user").status()).isEqualTo(200);
        assertThat(http.delete(files + "?path=%2Fplain&username=user").status()).isEqualTo(200);
        assertThat(guest.files).isEmpty();
        assertThat(http.delete(files + "?path=/gone&username=user").status()).isEqualTo(200);
    }

    @Test
    void badPathsAndUsersAreRefused() {
        for (String query : new String[] {"", "?path=", "?path=%00", "?path=/a&username=a%20b", "?path=%zz", "?path=/" + "x".repeat(5000)}) {
            assertThat(http.get(files + query).status()).as(query).isIn(400, 413);
        }
        assertThat(http.get(files + "/list?path=/&depth=0").status()).isEqualTo(400);
        assertThat(http.post(files, "{\"path\":5,\"data\":\"\"}").status()).isEqualTo(400);
        assertThat(http.post(files, "{\"path\":\"/a\"}").json().path("message").textValue()).contains("data");
        assertThat(http.post(files + "/watch", "{\"path\":\"/a\"}").status()).isEqualTo(404);
    }

    @Test
    void aGuestThatSendsLessThanItAnnouncedBreaksTheConnectionInsteadOfCuttingTheFile() {
        guest.files.put("/short", new byte[1000]);
        guest.announce = 2000;
        assertThat(http.get(files + "/raw?path=/short").complete()).isFalse();
    }

    @Test
    void theAuditLogNamesFilesButNeverTheirContents() {
        http.post(files, "{\"path\":\"/notes\",\"data\":\"very private text\"}");
        http.get(files + "?path=/notes");
        String all = server.audit.page(files.split("/")[2], AuditQuery.all(0)).toString();
        assertThat(all).contains("file_written").contains("file_read").contains("/notes").doesNotContain("private");
    }
}
