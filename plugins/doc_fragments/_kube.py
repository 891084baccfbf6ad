# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

# Private to this collection: it may change or disappear in any release.

"""Options of every module that talks to a Kubernetes API server; KUBE_ARGUMENTS in module_utils is the same in Python."""

from __future__ import annotations


class ModuleDocFragment:
    """Names and environment variables are those of kubernetes.core, so that one set of defaults serves both."""

    DOCUMENTATION = r"""
options:
  kubeconfig:
    description:
      - Path to a kubeconfig, or several paths with colons between them, which are merged as kubectl does.
      - Can also be set with the environment variable E(K8S_AUTH_KUBECONFIG). Without both, E(KUBECONFIG), C(~/.kube/config) and the
        service account of the pod that the task runs in are tried in this order.
      - A kubeconfig in JSON needs nothing else on the host; one in YAML needs PyYAML.
    type: path
  context:
    description:
      - Context of the kubeconfig. Can also be set with the environment variable E(K8S_AUTH_CONTEXT).
      - The default is the current context.
    type: str
  host:
    description:
      - Address of the API server, as in V(https://192.0.2.10:6443). Can also be set with the environment variable E(K8S_AUTH_HOST).
      - With O(host), a kubeconfig is read only when O(kubeconfig) or O(context) is set as well.
    type: str
  api_key:
    description:
      - Bearer token. Can also be set with the environment variable E(K8S_AUTH_API_KEY).
      - Credentials that are given as options replace those of the kubeconfig as a whole.
    type: str
  username:
    description: User name for basic authentication, for example of a proxy in front of the API server. Can also be set with the environment
      variable E(K8S_AUTH_USERNAME).
    type: str
  password:
    description: Password for basic authentication. Can also be set with the environment variable E(K8S_AUTH_PASSWORD).
    type: str
  ca_cert:
    description: Path to the certificates of the authorities that may have signed the server's certificate. Can also be set with the
      environment variable E(K8S_AUTH_SSL_CA_CERT).
    type: path
    aliases: [ssl_ca_cert]
  client_cert:
    description: Path to a client certificate. Can also be set with the environment variable E(K8S_AUTH_CERT_FILE).
    type: path
    aliases: [cert_file]
  client_key:
    description: Path to the key of the client certificate. Can also be set with the environment variable E(K8S_AUTH_KEY_FILE).
    type: path
    aliases: [key_file]
  validate_certs:
    description:
      - Whether the certificate of the API server is verified. Can also be set with the environment variable E(K8S_AUTH_VERIFY_SSL).
      - The default is what the kubeconfig says, otherwise to verify.
    type: bool
    aliases: [verify_ssl]
  proxy:
    description:
      - Address of an HTTP proxy that connects to the API server, as in V(http://proxy.example.edu:3128). Can also be set with the
        environment variable E(K8S_AUTH_PROXY).
      - It may hold a user name and a password, so it is hidden wherever it would be shown.
      - Without it, the kubeconfig, E(HTTPS_PROXY) and E(NO_PROXY) are respected.
    type: str
  tls_server_name:
    description: Name that the server's certificate must have, when it is not the name in the address. Can also be set with the environment
      variable E(K8S_AUTH_TLS_SERVER_NAME).
    type: str
  impersonate_user:
    description: User to act as. Can also be set with the environment variable E(K8S_AUTH_IMPERSONATE_USER).
    type: str
  impersonate_groups:
    description: Groups to act as a member of, together with O(impersonate_user). Can also be set with the environment variable
      E(K8S_AUTH_IMPERSONATE_GROUPS), with commas between them.
    type: list
    elements: str
  api_timeout:
    description:
      - Seconds that one request to the API server may take.
      - Within this time a request is sent again where this can help and does no harm (the server is overloaded or restarts, a webhook
        cannot be reached, the connection broke).
    type: int
    default: 60
"""
