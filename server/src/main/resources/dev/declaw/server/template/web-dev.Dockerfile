# Node.js with a browser of the distribution and the programs that drive it.
FROM declaw/node:latest
RUN apt-get -o Acquire::Languages=none update \
    && apt-get install -y --no-install-recommends chromium chromium-driver fonts-dejavu-core python-is-python3 python3-pip \
    && rm -rf /var/lib/apt/lists/* /usr/lib/python3*/EXTERNALLY-MANAGED
ENV PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 PUPPETEER_SKIP_DOWNLOAD=1 PUPPETEER_EXECUTABLE_PATH=/usr/bin/chromium CHROME_BIN=/usr/bin/chromium
RUN npm install -g --ignore-scripts vite playwright-core puppeteer-core && npm cache clean --force
RUN pip3 install --no-cache-dir --no-compile selenium \
    && python3 -m compileall -q -x '/tests?/' /usr/local/lib/python3*/dist-packages
