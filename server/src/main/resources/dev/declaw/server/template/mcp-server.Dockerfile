# Node.js with npx and Python with pip, for MCP servers of either kind, and the SDKs of both.
FROM declaw/node:latest
RUN apt-get -o Acquire::Languages=none update \
    && apt-get install -y --no-install-recommends python-is-python3 python3-pip python3-venv \
    && rm -rf /var/lib/apt/lists/* /usr/lib/python3*/EXTERNALLY-MANAGED
RUN pip3 install --no-cache-dir --no-compile mcp fastmcp \
    && python3 -m compileall -q -x '/tests?/' /usr/local/lib/python3*/dist-packages
RUN npm install -g --ignore-scripts @modelcontextprotocol/sdk && npm cache clean --force
