# Builds the documentation as a static site: the repository's pages, and the references of both clients made from their sources.

SITE=$BUILD/site
SITE_SOURCE=$BUILD/site-source
SITE_TOOLS=$BUILD/site-tools

# A broken link in a page, or any warning of a reference, fails it.
build_docs() {
  use_jdk
  mkdir -p "$BUILD"
  step "Installing the tools of the site" site_tools
  step "Collecting the pages" site_pages
  step "Making the Java reference" java_reference
  step "Making the Python reference" python_reference
  step "Building the site" site_build
  say "file://$SITE/index.html"
}

site_tools() {
  cmp -s docs/site/requirements.txt "$SITE_TOOLS/requirements.txt" && return
  python3 -m venv --clear "$SITE_TOOLS"
  "$SITE_TOOLS/bin/pip" install --quiet --disable-pip-version-check -r docs/site/requirements.txt
  cp docs/site/requirements.txt "$SITE_TOOLS/requirements.txt"
}

# Every page keeps its place, so that links between pages are the same here and in the repository.
site_pages() {
  rm -rf "$SITE_SOURCE" "$SITE"
  local page
  find . -name '*.md' -not -path './.build/*' -not -path '*/target/*' -not -path '*/node_modules/*' -print |
    while IFS= read -r page; do install -D -m 644 "$page" "$SITE_SOURCE/${page#./}"; done
  install -D -m 644 protocol/openapi.yaml "$SITE_SOURCE/protocol/openapi.yaml"
  install -m 644 LICENSE "$SITE_SOURCE/LICENSE"
}

java_reference() {
  "$JAVA_HOME/bin/javadoc" -quiet -Xdoclint:all,-missing -Werror -d "$SITE_SOURCE/reference/java" \
    --module-source-path "dev.declaw.sdk=sdk/java/src/main/java" --module dev.declaw.sdk
}

python_reference() {
  PYTHONPATH=sdk/python/src PYTHONDONTWRITEBYTECODE=1 "$SITE_TOOLS/bin/pdoc" --docformat restructuredtext \
    -o "$SITE_SOURCE/reference/python" declaw declaw.openai
}

site_build() { "$SITE_TOOLS/bin/properdocs" build --strict -f docs/site/properdocs.yml; }
