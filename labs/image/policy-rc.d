#!/bin/sh
# A node has no systemd, and installing a package starts no service in it: invoke-rc.d asks here, and 101 means « forbidden ».
# A service is started when someone asks: « service nginx start », ansible.builtin.service, or the program itself (« nginx »).
exit 101
