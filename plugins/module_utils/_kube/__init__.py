# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""A client of the Kubernetes API, on Python's standard library alone: importing the official client costs more than a task should.

How a module gets to a cluster:

options       KUBE_ARGUMENTS, and from them a client
client        KubeClient, one method for each verb of the API
errors        KubeError, what the server refused and what to do about it
access        address, trust and identity, for programs that have to reach the same server

What there is to know about objects:

objects       what identifies one, when two are the same, which hold data
kinds         where the server keeps objects of a kind
manifests     read them, check them, put them in order
diff          what applying one would change
secrets       data of Secrets, kept out of output
ready         when an object is ready, one rule for each kind

What modules do:

apply         kube_apply: a list of manifests as one desired state
wait          kube_wait, and waiting for one object with a diagnosis
exec          run commands in a container, as programs of this host are run

Rooms, in the order of reading: _kubeconfig (which cluster and user), _credentials (as whom), _plan (the steps of apply), and
_transport with http (connections, and what is sent again), requests (JSON in and out), stream and watch (answers that do not end),
websocket (commands in containers).
"""
