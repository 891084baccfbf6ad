# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""The two images of a site: what is requested, what they are made of, and how a machine builds them.

inputs    what is requested, and what is wrong with it; role site's rules use it as well
packages  Debian's packages, and the version of the mail catcher
recipe    what decides the content: the command line of mmdebstrap, the Dockerfiles
tree      archives and directories as one stream of entries
digest    checksums of files and trees
moodle    what Moodle's code says about itself
errors    the one error, a ToolError
engine    the few commands of the engine, and what an image says about itself
sent      what the control node has sent, and the names that it has in a specification
build     the story of a build, for module image_build

Behind build: _site and _services make an image, each on a _base; _plugins and _languages add to Moodle's code; _fetch gets what is not
there; _layer writes what the engine adds; _command runs programs; _progress reports how far it is.

What a build is planned from, on the control node, is the package _image of plugins/plugin_utils.
"""
