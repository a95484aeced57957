package dev.declaw.runtime.template;

import java.nio.file.Path;

/// What a VMM starts: the kernel and the initramfs, whose `/init` is the guest agent.
///
/// @param digest SHA-256 over both, hex
/// @param kernel uncompressed ELF kernel
/// @param initramfs cpio archive with the agent and the modules that it loads (protocol/guest.md, Boot)
public record BootImage(String digest, Path kernel, Path initramfs) {}
