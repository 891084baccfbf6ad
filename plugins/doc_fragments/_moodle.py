# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

# Private to this collection: it may change or disappear in any release.

"""How the moodle_* modules reach the program of the site image."""

from __future__ import annotations


class ModuleDocFragment:
    """Options that all moodle_* modules share."""

    DOCUMENTATION = r"""
options:
  runner:
    description:
      - >-
        The way to the program of the site image in a running PHP container of the site. Either a command, as a list of words, that runs it
        on this host, for example V([docker, exec, -i, physics-php-1, /opt/campus-moodle/bin/moodle]), or a mapping that names a container
        in a cluster, for example V({deployment: physics-php, namespace: moodle}).
      - Such a container needs no program on the host that runs the task. The command is run through the API server, as kubectl would. This
        needs Kubernetes 1.30 or newer and the rights to get and to create V(pods/exec), and for anything but V(pod) to read what is named.
      - The mapping has exactly one of the keys V(pod), the name of a pod, V(deployment), the name of a Deployment, and
        V(label_selector), as in V(app=physics-php). Of several pods that run, a ready one is taken, and of these the youngest. A task keeps
        to its pod.
      - Further keys are V(namespace), by default that of the kubeconfig's context, V(container), which a pod with several containers needs,
        and V(command), the list of words that starts the program, by default V([/opt/campus-moodle/bin/moodle]).
      - All other keys are options of the connection, with the names and environment variables of M(campus.moodle.kube_wait), such as
        V(kubeconfig), V(context), V(host) and V(api_timeout). Since a runner is shown in output and logs, V(api_key), V(password) and
        V(proxy) are refused. Use a kubeconfig, or E(K8S_AUTH_API_KEY), E(K8S_AUTH_PASSWORD) and E(K8S_AUTH_PROXY).
      - What is requested is handed over on standard input, so a command has to keep it open. No secret is part of a command.
      - Can be set once for all modules of the action group with C(module_defaults).
    type: raw
    required: true
  chdir:
    description: Directory to run the command in. Only for a O(runner) that is a list of words.
    type: path
  timeout:
    description:
      - Seconds after which the command is ended and the task fails. V(0) is no limit.
      - In a pod, only the connection is closed, and the command may go on.
    type: int
    default: 3600
notes:
  - A failure has a word for its kind in C(error). Besides those of the module, V(runner) - the command cannot be started or does not
    reach the program; V(old_image) - the image is older than the module; V(timed_out) - it took longer than O(timeout); V(killed) -
    it was ended by force, which is most often for lack of memory; V(environment) - a value in the container's environment is missing or
    wrong; V(database), V(sessions) - that server cannot be reached, or refuses the login; V(not_installed) - there is no finished Moodle
    in the database; V(upgrade_pending) - the database does not have the version of the code; V(locked) - another run holds the lock;
    V(moodle) - one of Moodle's own scripts failed; V(usage), V(unreachable), V(refused) - what the exit status says where the program
    named no kind.
  - Where O(runner) is a container in a cluster, C(cluster_error) tells failures of V(runner) apart, with the words of
    M(campus.moodle.kube_wait), such as V(forbidden), V(not_found), V(unreachable) and V(bad_kubeconfig), and V(not_ready) - no pod runs,
    V(exec_failed) - the command did not run to its end, V(unsupported) - the API server is too old.
"""
