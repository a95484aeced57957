package dev.declaw.runtime.template;

/// What runs in a machine before it is saved as a template's.
public final class WarmUp {
    /// What most first commands touch: the shell, the interpreter and its usual modules, certificates. Read once here, it is
    /// in the page cache of every sandbox, and that memory is shared between them. The sync leaves nothing to write back.
    public static final String SCRIPT = """
            bash -lc true; ls -l / >/dev/null; cat /etc/ssl/certs/ca-certificates.crt /etc/passwd >/dev/null
            for program in python3 git curl jq node; do
              if command -v $program >/dev/null; then $program --version >/dev/null; fi
            done
            if command -v python3 >/dev/null; then
              python3 -c 'import hashlib, json, os, random, re, socket, ssl, subprocess, sys, tempfile, urllib.request, uuid'
              python3 -c 'import requests' 2>/dev/null
            fi
            sync
            """;

    private WarmUp() {}
}
