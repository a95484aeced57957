# What code that analyses data expects, and a Jupyter kernel to run it.
FROM declaw/python:latest
RUN pip3 install --no-cache-dir --no-compile scipy scikit-learn \
    && python3 -m compileall -q -x '/tests?/' /usr/local/lib/python3*/dist-packages
RUN pip3 install --no-cache-dir --no-compile matplotlib plotly pillow sympy \
    && python3 -m compileall -q -x '/tests?/' /usr/local/lib/python3*/dist-packages
RUN pip3 install --no-cache-dir --no-compile ipykernel jupyter-client jupyter-core nbconvert jupyter-server \
    && python3 -m compileall -q -x '/tests?/' /usr/local/lib/python3*/dist-packages
