# Python and Node.js with the SDKs of models and the frameworks for agents.
FROM declaw/mcp-server:latest
RUN pip3 install --no-cache-dir requests httpx pydantic openai anthropic
RUN pip3 install --no-cache-dir langchain langgraph langchain-openai langchain-anthropic
RUN pip3 install --no-cache-dir crewai
RUN pip3 install --no-cache-dir autogen-agentchat autogen-core llama-index-core llama-index-llms-openai openai-agents
RUN npm install -g --ignore-scripts typescript openai @anthropic-ai/sdk && npm cache clean --force
