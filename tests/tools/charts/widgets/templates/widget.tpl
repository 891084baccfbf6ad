# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
---
apiVersion: tools.example.org/v1
kind: Widget
metadata:
  name: {{ .Release.Name }}
spec:
  size: 1
