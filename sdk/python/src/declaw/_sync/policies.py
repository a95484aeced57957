# Made by tools/make_sync.py from ../_async/policies.py; change that one.
"""Asks the server about policies before a sandbox has them."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Union

from declaw._sync import creation
from declaw._sync.transport import Transport
from declaw.connection_config import ConnectionConfig
from declaw.policy_models import PolicyExplanation
from declaw.security import SandboxNetworkOpts, SecurityPolicy

Policy = Union[SecurityPolicy, Dict[str, Any]]
Network = Union[Dict[str, Any], SandboxNetworkOpts]


class Policies:
    """Judges policies."""

    @staticmethod
    def lint(
        security: Optional[Policy] = None,
        network: Optional[Network] = None,
        api_key: Optional[str] = None,
        domain: Optional[str] = None,
        request_timeout: Optional[float] = None,
    ) -> List[str]:
        """What the server says of parts that do less or more than their author may think; empty: nothing.

        :raises InvalidPolicyError: when it would not accept the policy, naming the field
        """
        transport = Transport.of(ConnectionConfig.of(api_key, domain, request_timeout))
        body = creation.policy_body(security, network)
        answer = transport.json("POST", "/policies/lint", body=body, repeatable=True)
        return [str(warning) for warning in answer.get("warnings") or []]

    @staticmethod
    def explain(
        security: Optional[Policy] = None,
        network: Optional[Network] = None,
        *,
        host: Optional[str] = None,
        request: Optional[Dict[str, Any]] = None,
        api_key: Optional[str] = None,
        domain: Optional[str] = None,
        request_timeout: Optional[float] = None,
    ) -> PolicyExplanation:
        """What a policy would do with a connection to `host`, or with a whole request.

        :param request: `method`, `url`, `headers`, and `body` or `body_base64`
        """
        if (host is None) == (request is None):
            raise creation.wrong("give either a host or a request")
        transport = Transport.of(ConnectionConfig.of(api_key, domain, request_timeout))
        body = creation.policy_body(security, network)
        body.update({"host": host} if host is not None else {"request": request})
        answer = transport.json("POST", "/policies/explain", body=body, repeatable=True)
        return PolicyExplanation.from_dict(answer)
