#!/usr/bin/env node
// Here, and not in dist, since npm links only what is there when it installs.
import "../dist/cli.js";
