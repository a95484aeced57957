# Python and Node.js with the SDKs of models and the frameworks for agents.
FROM declaw/mcp-server:latest
RUN pip3 install --no-cache-dir --no-compile requests httpx pydantic openai anthropic \
    && python3 -m compileall -q -x '/tests?/' /usr/local/lib/python3*/dist-packages
RUN pip3 install --no-cache-dir --no-compile langchain langgraph langchain-openai langchain-anthropic \
    && python3 -m compileall -q -x '/tests?/' /usr/local/lib/python3*/dist-packages
RUN pip3 install --no-cache-dir --no-compile crewai \
    && python3 -m compileall -q -x '/tests?/' /usr/local/lib/python3*/dist-packages
RUN pip3 install --no-cache-dir --no-compile autogen-agentchat autogen-core llama-index-core llama-index-llms-openai openai-agents \
    && python3 -m compileall -q -x '/tests?/' /usr/local/lib/python3*/dist-packages
RUN npm install -g --ignore-scripts typescript openai @anthropic-ai/sdk && npm cache clean --force
