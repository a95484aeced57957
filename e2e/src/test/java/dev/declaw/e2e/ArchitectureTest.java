package dev.declaw.e2e;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import java.util.List;
import org.junit.jupiter.api.Test;

/// What the module descriptors cannot say. Each rule carries its reason.
class ArchitectureTest {
    private static final JavaClasses PRODUCT = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages(
                    "dev.declaw.model",
                    "dev.declaw.linux",
                    "dev.declaw.rego",
                    "dev.declaw.guardrails",
                    "dev.declaw.egress",
                    "dev.declaw.runtime",
                    "dev.declaw.server");

    @Test
    void theRulesHold() {
        List<ArchRule> rules = List.of(
                noClasses()
                        .that()
                        .resideInAnyPackage("dev.declaw.model..", "dev.declaw.guardrails..")
                        .should()
                        .dependOnClassesThat()
                        .haveNameMatching("java\\.(io\\.File.*|nio\\.file\\..*|net\\.(Server)?Socket|nio\\.channels\\..*|time\\.Clock|util\\.Random.*|security\\.SecureRandom)")
                        .because("values and scanners are pure: no files, sockets, clocks or randomness"),
                noClasses()
                        .that()
                        .resideInAnyPackage("dev.declaw.model..", "dev.declaw.guardrails..")
                        .and()
                        .doNotHaveFullyQualifiedName("dev.declaw.guardrails.encoder.TextEncoder")
                        .should()
                        .dependOnClassesThat()
                        .haveNameMatching("java\\.lang\\.Thread")
                        .because("values and scanners know no threads; only the encoder asks, between two windows of a long "
                                + "text, whether its caller has given up"),
                noClasses()
                        .that()
                        .resideOutsideOfPackage("dev.declaw.linux..")
                        .should()
                        .dependOnClassesThat()
                        .resideInAPackage("java.lang.foreign..")
                        .orShould()
                        .dependOnClassesThat()
                        .haveFullyQualifiedName("java.lang.ProcessBuilder")
                        .because("dangerous code has one address: native calls and process starts live in linux"),
                noClasses()
                        .that()
                        .resideInAPackage("dev.declaw.egress..")
                        .should()
                        .dependOnClassesThat()
                        .resideInAnyPackage("dev.declaw.runtime..", "dev.declaw.server..", "dev.declaw.guardrails..")
                        .because("the proxy gets sockets, policies and scanners; it knows nobody who makes them"),
                noClasses()
                        .that()
                        .resideInAPackage("dev.declaw.runtime..")
                        .should()
                        .dependOnClassesThat()
                        .resideInAnyPackage("dev.declaw.egress..", "dev.declaw.server..", "dev.declaw.guardrails..")
                        .because("the runtime makes machines; what they may reach is not its matter"),
                noClasses()
                        .that()
                        .resideInAPackage("dev.declaw.server.api..")
                        .should()
                        .dependOnClassesThat()
                        .resideInAPackage("dev.declaw.server.store..")
                        .because("the API reaches the store only through lifecycle and audit"),
                noClasses()
                        .should()
                        .haveSimpleNameEndingWith("Util")
                        .orShould()
                        .haveSimpleNameEndingWith("Utils")
                        .orShould()
                        .haveSimpleNameEndingWith("Helper")
                        .orShould()
                        .haveSimpleNameEndingWith("Manager")
                        .orShould()
                        .haveSimpleNameEndingWith("Impl")
                        .because("such a name says nothing about what lives there"),
                classes()
                        .that()
                        .areTopLevelClasses()
                        .and()
                        .arePublic()
                        .and()
                        .areNotInterfaces()
                        .and()
                        .areNotEnums()
                        .and()
                        .doNotHaveFullyQualifiedName("dev.declaw.model.failure.PlatformFailure")
                        .should()
                        .haveModifier(com.tngtech.archunit.core.domain.JavaModifier.FINAL)
                        .because("what is not made to be extended is final"),
                slices().matching("dev.declaw.(*).(*)..").should().beFreeOfCycles());
        rules.forEach(rule -> rule.check(PRODUCT));
    }
}
