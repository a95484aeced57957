# Python of the distribution, pip that may install for everybody, and the packages that most code expects.
FROM declaw/base:latest
RUN apt-get -o Acquire::Languages=none update \
    && apt-get install -y --no-install-recommends python-is-python3 python3-pip python3-venv \
    && rm -rf /var/lib/apt/lists/* /usr/lib/python3*/EXTERNALLY-MANAGED
RUN pip3 install --no-cache-dir --no-compile numpy pandas requests httpx pydantic \
    && python3 -m compileall -q -x '/tests?/' /usr/local/lib/python3*/dist-packages
