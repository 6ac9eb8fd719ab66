#!/bin/sh
# What npm runs after npm ci, and before it packs the repository: builds everything. pre-commit installs the repository as a
# package from git, and up to npm 11 nothing has been installed then that the build needs (npm/cli#8440).
set -e
cd "$(dirname "$0")/.."
if [ -d node_modules/vitest ]; then
  npm run build
else
  sh scripts/install-cli.sh
fi
