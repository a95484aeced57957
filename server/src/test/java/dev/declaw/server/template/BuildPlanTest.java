package dev.declaw.server.template;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class BuildPlanTest {
    private static BuildRequest dockerfile(String text, Map<String, String> args) {
        return new BuildRequest(
                Optional.empty(), Optional.of(text), "", List.of(), List.of(), List.of(), Map.of(), Optional.empty(),
                Optional.empty(), args, Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty(), true);
    }

    private static BuildPlan.Result plan(String text) throws BuildException {
        return BuildPlan.of(dockerfile(text, Map.of()), ImageConfig.NONE);
    }

    private static List<String> commands(BuildPlan.Result plan) {
        return plan.steps().stream()
                .map(step -> step.action() instanceof Step.Run run ? run.command() : step.action().key().replace('\0', ' '))
                .toList();
    }

    @Test
    void commentsAndContinuedLinesAreJoinedAsTheReferenceSays() throws Exception {
        BuildPlan.Result plan = plan("""
                # syntax=docker/dockerfile:1

                FROM ubuntu:22.04
                RUN echo one && \\
                    # in between

                    echo "two  words" \\
                    && echo three
                run ["echo", "it's", "$HOME"]
                """);
        assertThat(commands(plan).getFirst().replaceAll(" {2,}(?=[&e])", " ")).isEqualTo("echo one && echo \"two  words\" && echo three");
        assertThat(commands(plan).get(1)).isEqualTo("echo 'it'\\''s' '$HOME'");
        assertThat(plan.steps().get(1).line()).isEqualTo(9);
    }

    @Test
    void hereDocumentsBelongToTheirRun() throws Exception {
        BuildPlan.Result plan = plan("FROM base\nRUN <<EOF\necho a\n\n# b\nEOF\nRUN cat <<'X' > /f\nFROM nowhere\nX\nRUN last\n");
        assertThat(commands(plan)).containsExactly("echo a\n\n# b\n", "cat <<'X' > /f\nFROM nowhere\nX\n", "last");
    }

    @Test
    void variablesAreTakenFromArgumentsAndTheEnvironmentInForce() throws Exception {
        BuildPlan.Result plan = BuildPlan.of(
                dockerfile("""
                        ARG BASE=base
                        ARG COLOR=red
                        FROM ${BASE}
                        ARG COLOR
                        ARG SIZE=${COLOR}-big
                        ENV A=$COLOR B="$SIZE and ${NONE:-more}" C='$COLOR' D=\\$COLOR E=${COLOR:+yes}
                        ENV OLD the $A way
                        WORKDIR /srv
                        WORKDIR sub/../app
                        LABEL name="x y"
                        EXPOSE 80 443/tcp
                        USER user
                        RUN show
                        """, Map.of("COLOR", "blue")),
                ImageConfig.NONE.withEnv(Map.of("KEPT", "1")));
        ImageConfig config = plan.config();
        assertThat(config.env()).isEqualTo(Map.of(
                "KEPT", "1", "A", "blue", "B", "blue-big and more", "C", "$COLOR", "D", "$COLOR", "E", "yes", "OLD", "the blue way"));
        assertThat(config.workdir()).isEqualTo("/srv/app");
        assertThat(config.user()).isEqualTo("user");
        assertThat(config.ports()).containsExactly("80", "443/tcp");
        assertThat(config.labels()).isEqualTo(Map.of("name", "x y"));
        Step last = plan.steps().getLast();
        assertThat(last.args()).isEqualTo(Map.of("COLOR", "blue", "SIZE", "blue-big"));
        assertThat(last.config().user()).isEqualTo("user");
        assertThat(plan.steps().getFirst().config().user()).isEqualTo("root");
        assertThat(BuildPlan.from(Dockerfile.parse("ARG V=3\nFROM --platform=linux/amd64 python:$V AS x\n"), Map.of("V", "4")).image())
                .isEqualTo("python:4");
    }

    @Test
    void whatStartsIsTheEntryPointWithItsCommandUnlessTheRequestSaysOtherwise() throws Exception {
        assertThat(plan("FROM base\nENTRYPOINT [\"serve\", \"--all\"]\nCMD [\"a b\"]\n").config().start()).isEqualTo("serve --all 'a b'");
        assertThat(plan("FROM base\nCMD python3 -m http.server\n").config().start()).isEqualTo("python3 -m http.server");
        assertThat(plan("FROM base\nCMD one\nENTRYPOINT two\n").config().start()).isEqualTo("/bin/sh -c two");
        BuildPlan.Result inherited = BuildPlan.of(dockerfile("FROM mine\nRUN x\n", Map.of()), ImageConfig.NONE.withStart("serve", "check"));
        assertThat(inherited.config().start()).isEqualTo("serve");
        assertThat(inherited.config().ready()).isEqualTo("check");
    }

    @Test
    void copiesNameTheirTargetBelowTheWorkingDirectory() throws Exception {
        BuildPlan.Result plan = plan("FROM base\nWORKDIR /app\nCOPY --chown=user:user --chmod=755 a b ./\nCOPY [\"x y\", \"/z\"]\nCOPY . .\n");
        assertThat(plan.steps().stream().map(Step::action).skip(1)).containsExactly(
                new Step.Copy(List.of("a", "b"), "/app/", Optional.of("user:user"), Optional.of("755")),
                new Step.Copy(List.of("x y"), "/z", Optional.empty(), Optional.empty()),
                new Step.Copy(List.of("."), "/app/", Optional.empty(), Optional.empty()));
    }

    @Test
    void aSpecIsPackagesThenCopiesThenCommands() throws Exception {
        BuildPlan.Result plan = BuildPlan.of(
                new BuildRequest(
                        Optional.empty(), Optional.empty(), "base", List.of("jq", "g++"), List.of("one", "two"),
                        List.of(new BuildRequest.Copy("a", "/b", Optional.of("0644"))), Map.of("K", "v"), Optional.of("serve"),
                        Optional.of("check"), Map.of(), Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty(), true),
                ImageConfig.NONE);
        assertThat(commands(plan).getFirst()).contains("--no-install-recommends jq g++ ");
        assertThat(commands(plan).subList(1, 4)).containsExactly("copy a /b  0644", "one", "two");
        assertThat(plan.config().env()).isEqualTo(Map.of("K", "v"));
        assertThat(plan.config().start()).isEqualTo("serve");
        assertThat(plan.config().ready()).isEqualTo("check");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "RUN x | line 1: a Dockerfile begins with FROM",
        "FROM base;ADD a b | line 2: ADD is not supported; use COPY",
        "FROM base;;VOLUME /x | line 3: VOLUME is not supported; attach a volume",
        "FROM base;HEALTHCHECK CMD x | ready_cmd",
        "FROM base;FROM base | line 2: a second FROM",
        "FROM base;COPY --from=x a b | --from is not supported",
        "FROM base;RUN --mount=type=cache,target=/x y | RUN --mount is not supported",
        "FROM base;COPY a | one source or more",
        "FROM base;COPY ../a b | leads out of the build context",
        "FROM base;COPY a b c | ends in /",
        "FROM base;COPY --chown=$(id) a b | --chown takes",
        "FROM base;COPY --chmod=u+x a b | octal",
        "FROM base;COPY [z-a] b/ | is no pattern",
        "FROM base;ENV A | NAME=value",
        "FROM base;ENV A='x | quote is not closed",
        "FROM base;ENV A=${B | not closed",
        "FROM base;ENV A=${B%x} | are understood",
        "FROM base;USER root:root | without a group",
        "FROM base;WORKDIR /a/../../b | leads out",
        "FROM base;RUN cat <<EOF;x | no end",
        "FROM base;RUN | needs an argument",
        "FROM base;BUILD x | is no instruction",
        "# escape=`;FROM base | escape=` is not supported"
    })
    void whatCannotBeDoneIsRefusedWithItsLineAndARemedy(String lines, String why) {
        assertThatThrownBy(() -> {
                    String text = lines.replace(';', '\n');
                    BuildPlan.from(Dockerfile.parse(text), Map.of());
                    plan(text);
                })
                .isInstanceOf(BuildException.class)
                .hasMessageContaining(why);
    }

    @ParameterizedTest
    @CsvSource({
        "declaw/python:latest, python, true",
        "declaw/base, base, true",
        "node, node, true",
        "ubuntu:22.04, base, true",
        "docker.io/library/debian:bookworm-slim, base, true",
        "python:3.12-slim, python, true",
        "node@sha256:00, node, true",
        "mine, mine, false",
        "mine:2, mine:2, false"
    })
    void imagesStandForTemplates(String image, String name, boolean builtIn) throws Exception {
        BaseImages.Meaning meaning = BaseImages.of(new BuildPlan.From(1, image));
        assertThat(meaning.name()).isEqualTo(name);
        assertThat(meaning.builtIn()).isEqualTo(builtIn);
    }

    @Test
    void otherImagesAreNotFetched() {
        for (String image : List.of("ghcr.io/a/b:1", "declaw/none", "alpine:latest", "a b")) {
            assertThatThrownBy(() -> BaseImages.of(new BuildPlan.From(7, image)))
                    .isInstanceOf(BuildException.class)
                    .hasMessageStartingWith("line 7: FROM ");
        }
    }

    @Test
    void everyBuiltInTemplateHasADefinitionThatCanBePlanned() throws Exception {
        for (String name : BaseImages.BUILT_IN) {
            if (name.equals("base")) continue;
            BuildRequest request = BuiltInTemplates.request(name);
            assertThat(BuildPlan.of(request, ImageConfig.NONE).steps()).as(name).isNotEmpty();
            assertThat(BaseImages.of(BuildPlan.from(Dockerfile.parse(request.dockerfile().orElseThrow()), Map.of())).builtIn()).isTrue();
            assertThat(request.memoryMib().orElseThrow()).isBetween(128, 8192);
            assertThat(request.diskMib().orElseThrow()).isGreaterThanOrEqualTo(8192);
        }
    }
}
