# Python of the distribution, pip that may install for everybody, and the packages that most code expects.
FROM declaw/base:latest
RUN apt-get update \
    && apt-get install -y --no-install-recommends python-is-python3 python3-pip python3-venv \
    && rm -rf /var/lib/apt/lists/* /usr/lib/python3*/EXTERNALLY-MANAGED
RUN pip3 install --no-cache-dir numpy pandas requests httpx pydantic
