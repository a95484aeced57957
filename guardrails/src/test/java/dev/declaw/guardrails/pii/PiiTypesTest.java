package dev.declaw.guardrails.pii;

import static org.assertj.core.api.Assertions.assertThat;

import dev.declaw.model.scan.PiiType;
import dev.declaw.model.scan.ScanText;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// The kinds beyond the wire contract. All numbers are made up; those with check digits have right ones.
class PiiTypesTest {
    private final PiiScanner scanner = new PiiScanner(PiiScanner.RECOGNISED);

    private List<String> found(String text, String key) {
        return scanner.scan(new ScanText(text, key)).stream()
                .map(f -> f.type() + "=" + text.substring(f.start(), f.end()))
                .toList();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "pay GB82 WEST 1234 5698 7654 32 now|iban=GB82 WEST 1234 5698 7654 32",
        "de89370400440532013000|iban=de89370400440532013000",
        "DOB: 1952-06-03|date_of_birth=1952-06-03",
        "\"birthDate\":\"3-Jun-1952\"|date_of_birth=3-Jun-1952",
        "She was born on June 3rd, 1952.|date_of_birth=June 3rd, 1952",
        "dob=03.06.1952&x=1|date_of_birth=03.06.1952",
        "D.O.B. 3 June 1952|date_of_birth=3 June 1952",
        "Passport no. C1M54VTL1 issued|passport=C1M54VTL1",
        "{\"passportNumber\": \"QQ7503842\"}|passport=QQ7503842",
        "passport CZGWWCRFP|passport=CZGWWCRFP",
        "C1234567 is my passport number|passport=C1234567",
        "driver's license G265-3953-2207, state TX|driver_license=G265-3953-2207",
        "driver’s licence number is X5713860.|driver_license=X5713860",
        "DL# D1234567|driver_license=D1234567",
        "MRN 5844457, admitted|medical_record=5844457",
        "chart MRN445464|medical_record=MRN445464",
        "patient_id: E3117933|medical_record=E3117933",
        "NHS number 943 476 5919|medical_record=943 476 5919",
        "EIN 12-3456789|tax_id=12-3456789",
        "ITIN 912-78-1234|tax_id=912-78-1234",
        "912-78-1234|tax_id=912-78-1234",
        "Steuer-ID 86 095 742 719|tax_id=86 095 742 719",
        "VAT DE136695976|tax_id=DE136695976",
        "CNPJ 11.222.333/0001-81|tax_id=11.222.333/0001-81",
        "ABCPK1234F|tax_id=ABCPK1234F",
        "ABA routing number: 021000021|bank_routing=021000021",
        "btc 1BoatSLRHtKNngkdXEeobR76b53LETtpyT|crypto_wallet=1BoatSLRHtKNngkdXEeobR76b53LETtpyT",
        "to bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq|crypto_wallet=bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq",
        "0x8f5a4415928de753b4fc234cc678a403b11a2933|crypto_wallet=0x8f5a4415928de753b4fc234cc678a403b11a2933",
        "link/ether 00:1b:44:11:3a:b7 brd ff:ff:ff:ff:ff:ff|mac_address=00:1b:44:11:3a:b7",
        "f9-39-24-f0-13-34 up|mac_address=f9-39-24-f0-13-34",
        "001b.4411.3ab7|mac_address=001b.4411.3ab7",
        "NI number AB 12 34 56 C|national_id=AB 12 34 56 C",
        "aadhaar 2341 2341 2346|national_id=2341 2341 2346",
        "11010519491231002X|national_id=11010519491231002X",
        "529.982.247-25|national_id=529.982.247-25",
        "cpf=52998224725|national_id=52998224725",
        "CURP GOMC900514HDFRRL09|national_id=GOMC900514HDFRRL09",
        "my number 123456789018|national_id=123456789018",
        "RRN 900101-1234567|national_id=900101-1234567",
        "NIR 1 85 05 78 006 084 91|national_id=1 85 05 78 006 084 91",
        "RSSMRA85T10A562S|national_id=RSSMRA85T10A562S",
        "DNI 12345678Z|national_id=12345678Z",
        "Social insurance number 046 454 286|national_id=046 454 286",
        "TC Kimlik 10000000146|national_id=10000000146",
        "35202-1234567-1|national_id=35202-1234567-1",
        "pesel: 44051401359|national_id=44051401359",
        "SNILS 112-233-445 95|national_id=112-233-445 95",
    })
    void recognisesTheKind(String text, String expected) {
        assertThat(found(text, "")).containsExactly(expected);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "passport_number|C464X8157|passport=C464X8157",
        "patientDateOfBirth|05.03.1955|date_of_birth=05.03.1955",
        "X-Patient-MRN|71303942|medical_record=71303942",
        "routing_number|021000021|bank_routing=021000021",
        "driversLicense|836956279|driver_license=836956279",
        "ein|123456789|tax_id=123456789",
    })
    void theNameOfTheFieldIsALabel(String key, String value, String expected) {
        assertThat(found(value, key)).containsExactly(expected);
        assertThat(found(value, "note")).isEmpty();
    }

    @Test
    void aColumnGivesItsValuesTheirMeaning() {
        String csv = "name,dob,passport\nAnn Ray,1952-06-03,C1234567\n\"Bob, Jr\",03.06.1961,D7654321\n";
        assertThat(found(csv, "")).containsExactly("date_of_birth=1952-06-03", "passport=C1234567", "date_of_birth=03.06.1961", "passport=D7654321");
        String table = "| ssn | mrn |\n|---|---|\n| 219099999 | 5844457 |\n";
        assertThat(found(table, "")).containsExactly("ssn=219099999", "medical_record=5844457");
        String sql = "INSERT INTO p (passport_no, city) VALUES ('C1234567', 'Rome'), ('D7654321', 'Oslo');";
        assertThat(found(sql, "")).containsExactly("passport=C1234567", "passport=D7654321");
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "GB82 WEST 1234 5698 7654 33",
        "request_id=ee32fe16-ea50-15a4-4067-b99a154044d0",
        "released on 2026-02-03",
        "born in 1952",
        "passport photo 35x45 mm",
        "the passport.js strategy v0.4.1",
        "license MIT, version 12.3.4",
        "license: Apache-2.0",
        "mac os 10.15.7",
        "routing table has 50312 entries",
        "ABA routing number: 021000022",
        "SHA256 fingerprint aa:bb:cc:dd:ee:ff:00:11:22:33:44:55:66:77:88:99",
        "ff:ff:ff:ff:ff:ff and 00:00:00:00:00:00",
        "session=adb66d0a9e799e2caee50db2e82b8a53",
        "commit b40a3a14109f962443edbf4a012170b99892ffe0",
        "pointer 0x7ffdb40a3a14109f",
        "529.982.247-26",
        "12345678Z",
        "aadhaar 2341 2341 2347",
        "GB 12 34 56 C",
        "patient 12 was seen",
        "INV-445464",
        "part AB-1234-567",
        "tracking 1Z999AA10123456784",
        "ein 12 jahre alter Wein",
        "sin 123 456 789",
        "RFC 2822 and RFC 5322",
        "inn 1234567891",
    })
    void leavesDecoysAlone(String text) {
        assertThat(found(text, "")).isEmpty();
    }

    @Test
    void aPolicyThatNamesNoKindMeansThoseOfTheContract() {
        assertThat(PiiType.CONTRACT).hasSize(8).doesNotContain(PiiType.IBAN);
        assertThat(PiiType.parse("national_id")).contains(PiiType.NATIONAL_ID);
        assertThat(new PiiScanner(PiiType.CONTRACT).scan(ScanText.of("passport C1234567"))).isEmpty();
    }
}
