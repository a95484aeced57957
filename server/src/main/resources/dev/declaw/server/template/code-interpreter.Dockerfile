# What code that analyses data expects, and a Jupyter kernel to run it.
FROM declaw/python:latest
RUN pip3 install --no-cache-dir scipy scikit-learn
RUN pip3 install --no-cache-dir matplotlib plotly pillow sympy
RUN pip3 install --no-cache-dir ipykernel jupyter-client jupyter-core nbconvert jupyter-server
