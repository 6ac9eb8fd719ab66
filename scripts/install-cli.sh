#!/bin/sh
# Makes the command line of a new checkout in the shortest way: installs what bundles it, of all packages here the fewest,
# and bundles it. For who only runs it: action.yml and pre-commit's hook.
set -e
cd "$(dirname "$0")/.."
[ -d node_modules/rolldown ] ||
  # Started by npm install --global, npm would take this folder for the package to be installed.
  npm ci --global=false --workspace=packages/cli --include=dev --ignore-scripts --no-audit --no-fund
npm run bundle
