# Programs for containers, clusters and machines that the distribution and PyPI have.
FROM declaw/base:latest
RUN apt-get -o Acquire::Languages=none update \
    && apt-get install -y --no-install-recommends docker.io kubernetes-client ansible-core make openssh-client rsync \
        python-is-python3 python3-pip unzip \
    && rm -rf /var/lib/apt/lists/* /usr/lib/python3*/EXTERNALLY-MANAGED
RUN pip3 install --no-cache-dir --no-compile awscli \
    && python3 -m compileall -q -x '/tests?/' /usr/local/lib/python3*/dist-packages
