package dev.declaw.e2e;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/// The documents that people read, and the blocks of code in them.
final class Documents {
    private Documents() {}

    /// @param where page, from the root of the checkout
    /// @param line of its first line
    /// @param language what stands behind the fence; empty for nothing
    record Block(String where, int line, String language, String text) {}

    static List<Path> pages() throws IOException {
        Path root = PythonEnvironment.ROOT;
        List<Path> pages = new ArrayList<>(List.of(root.resolve("README.md"), root.resolve("CONTRIBUTING.md"), root.resolve("ARCHITECTURE.md")));
        pages.add(root.resolve("sdk/python/README.md"));
        try (Stream<Path> docs = Files.list(root.resolve("docs"))) {
            docs.filter(page -> page.toString().endsWith(".md")).sorted().forEach(pages::add);
        }
        return pages;
    }

    static List<Block> blocks(Path page) throws IOException {
        List<Block> blocks = new ArrayList<>();
        String where = PythonEnvironment.ROOT.relativize(page).toString();
        List<String> lines = Files.readAllLines(page);
        for (int i = 0; i < lines.size(); i++) {
            if (!lines.get(i).startsWith("```")) continue;
            String language = lines.get(i).substring(3).strip();
            int first = i + 1;
            do i++;
            while (i < lines.size() && !lines.get(i).equals("```"));
            if (i == lines.size()) throw new IllegalStateException(where + ":" + first + ": the block does not end");
            blocks.add(new Block(where, first, language, String.join("\n", lines.subList(first, i)) + "\n"));
        }
        return blocks;
    }

    /// The blocks of a language, page by page; pages without any are left out.
    static List<List<Block>> in(String language) throws IOException {
        List<List<Block>> found = new ArrayList<>();
        for (Path page : pages()) {
            List<Block> blocks = blocks(page).stream().filter(block -> block.language().equals(language)).toList();
            if (!blocks.isEmpty()) found.add(blocks);
        }
        return found;
    }
}
