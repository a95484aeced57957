package dev.declaw.cli;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;

/// Variables as people give them: `NAME=VALUE`, or `NAME` alone for the value that it has here.
final class Variables {
    private Variables() {}

    static Map<String, String> read(List<String> given, CommandSpec spec) {
        Map<String, String> read = new LinkedHashMap<>();
        for (String variable : given) {
            int equals = variable.indexOf('=');
            String name = equals < 0 ? variable : variable.substring(0, equals);
            String value = equals < 0 ? System.getenv(name) : variable.substring(equals + 1);
            if (value == null) throw new ParameterException(spec.commandLine(), name + " is not set here");
            read.put(name, value);
        }
        return read;
    }
}
