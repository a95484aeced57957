# Made by tools/make_sync.py from ../_async/creation.py; change that one.
"""The request that makes a sandbox, checked before it is sent."""

from __future__ import annotations

import json
import warnings
from typing import Any, Dict, List, Optional, Union

from declaw._sync.transport import Transport
from declaw._checks import check_envs, check_lifetime, check_metadata, check_text, environment
from declaw._http import checked_id, new_key
from declaw.exceptions import InvalidArgumentError, InvalidPolicyError, NotFoundError, PolicyWarning
from declaw.models import SandboxInfo, SandboxLifecycle, SandboxQuery
from declaw.security import ALL_TRAFFIC, SandboxNetworkOpts, SecurityPolicy
from declaw.volume_models import VolumeAttachment

DEFAULT_TEAM = "default"
DEFAULT_ENVIRONMENT = "prod"


def wrong(message: str) -> InvalidArgumentError:
    return InvalidArgumentError(message)


def request(
    *,
    template: str,
    timeout: int,
    metadata: Optional[Dict[str, str]],
    envs: Optional[Dict[str, str]],
    secure: bool,
    allow_internet_access: bool,
    network: Optional[Union[Dict[str, Any], SandboxNetworkOpts]],
    security: Optional[Union[SecurityPolicy, Dict[str, Any]]],
    lifecycle: Optional[SandboxLifecycle],
    volumes: Optional[List[Union[Dict[str, str], VolumeAttachment]]],
    snapshot_id: Optional[str],
) -> Dict[str, Any]:
    body: Dict[str, Any] = {
        "template": check_text("template", template),
        "timeout": check_lifetime("timeout", timeout),
        "secure": bool(secure),
    }
    if snapshot_id is not None:
        body["snapshot_id"] = checked_id("snapshot_id", snapshot_id)
        del body["template"]
    if metadata:
        body["metadata"] = check_metadata(metadata)
    if envs:
        body["envs"] = environment(check_envs("envs", envs))
    rules = _network(allow_internet_access, network)
    if rules is not None:
        body["network"] = rules
    if security is not None:
        body["security"] = _security(security)
    if lifecycle is not None:
        if not isinstance(lifecycle, SandboxLifecycle):
            raise InvalidArgumentError("lifecycle must be a SandboxLifecycle")
        body["lifecycle"] = lifecycle.to_dict()
    if volumes:
        body["volumes"] = [_attachment(volume) for volume in volumes]
    return body


def _network(
    allow_internet_access: bool, network: Optional[Union[Dict[str, Any], SandboxNetworkOpts]]
) -> Optional[Dict[str, Any]]:
    rules = None
    if network is not None:
        opts = network if isinstance(network, SandboxNetworkOpts) else SandboxNetworkOpts.from_dict(network)
        rules = opts.to_dict()
    if allow_internet_access:
        return rules
    if rules and ("allow_out" in rules or "deny_out" in rules):
        raise InvalidPolicyError(
            "allow_internet_access=False and rules in network contradict each other: leave one of them out"
        )
    return {**(rules or {}), "deny_out": [ALL_TRAFFIC]}


def _security(security: Union[SecurityPolicy, Dict[str, Any]]) -> Dict[str, Any]:
    policy = security if isinstance(security, SecurityPolicy) else SecurityPolicy.from_dict(security)
    policy.check_effective()
    return policy.to_dict()


def policy_body(
    security: Optional[Union[SecurityPolicy, Dict[str, Any]]], network: Optional[Union[Dict[str, Any], SandboxNetworkOpts]]
) -> Dict[str, Any]:
    """A policy and rules as members of a request; those that are not given are absent."""
    body: Dict[str, Any] = {}
    if security is not None:
        body["security"] = _security(security)
    rules = _network(True, network)
    if rules is not None:
        body["network"] = rules
    return body


def _attachment(volume: Union[Dict[str, str], VolumeAttachment]) -> Dict[str, str]:
    return (volume if isinstance(volume, VolumeAttachment) else VolumeAttachment.from_dict(volume)).to_dict()


def fork_request(
    origin: SandboxInfo, snapshot_id: str, timeout: Optional[int], metadata: Optional[Dict[str, str]]
) -> Dict[str, Any]:
    """A copy keeps what the original was created with, except what the caller replaces."""
    body: Dict[str, Any] = {
        "snapshot_id": checked_id("snapshot_id", snapshot_id),
        "timeout": check_lifetime("timeout", timeout if timeout is not None else origin.timeout or 0),
        "metadata": check_metadata(origin.metadata if metadata is None else metadata),
    }
    for name in ("envs", "network", "security", "lifecycle"):
        if origin.raw.get(name):
            body[name] = origin.raw[name]
    return body


def send(transport: Transport, body: Dict[str, Any], request_timeout: Optional[float]) -> Dict[str, Any]:
    """Creates. One key per logical create, so that a repeated request makes one sandbox."""
    answer: Dict[str, Any] = transport.json(
        "POST",
        "/sandboxes",
        body=body,
        headers=new_key(),
        request_timeout=request_timeout,
        long=True,
        repeatable=True,
    )
    for warning in answer.get("warnings") or []:
        warnings.warn(str(warning), PolicyWarning, stacklevel=4)
    return answer


def list_parameters(query: Optional[SandboxQuery], limit: Optional[int], next_token: Optional[str]) -> Dict[str, Any]:
    if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int) or not 1 <= limit <= 1000):
        raise InvalidArgumentError("limit must be a number from 1 to 1000")
    params: Dict[str, Any] = {"limit": limit, "next_token": next_token}
    if query is not None and query.state is not None:
        params["state"] = [getattr(state, "value", state) for state in query.state]
    if query is not None and query.metadata is not None:
        params["metadata"] = json.dumps(check_metadata(query.metadata))
    return params


def vault_references(transport: Transport, refs: Dict[str, str]) -> Dict[str, str]:
    """Full references pass; a bare name means the secret of that name in the default team and environment."""
    check_envs("vault_refs", refs)
    if all(ref.startswith("vault://") for ref in refs.values()):
        return dict(refs)
    team = oldest_default_team(transport.json("GET", "/teams"))
    if team is None:
        raise NotFoundError("there is no secret yet, so vault_refs cannot name one; make it with VaultClient.create_secret")
    return {
        name: ref if ref.startswith("vault://") else f"vault://{team}/{DEFAULT_ENVIRONMENT}/{ref}"
        for name, ref in refs.items()
    }


def oldest_default_team(answer: Dict[str, Any]) -> Optional[str]:
    teams = [team for team in answer.get("teams") or [] if team.get("name") == DEFAULT_TEAM]
    return min(teams, key=lambda team: str(team.get("created_at")))["team_id"] if teams else None
