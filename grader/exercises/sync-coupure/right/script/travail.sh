#!/bin/sh
set -e
/bin/sleep 8
date > [[ fichier ]]
