// Brings the packages of package-lock.json to node_modules beside it. They come to a folder of their own first, so that another build which runs now, or one that
// is ended here, leaves no half of them behind.

import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = dirname(fileURLToPath(import.meta.url));
const place = mkdtempSync(join(folder, '.installing-'));
try {
  for (const file of ['package.json', 'package-lock.json', '.npmrc']) cpSync(join(folder, file), join(place, file));
  const done = spawnSync('npm ci --loglevel=error', { cwd: place, shell: true, stdio: 'inherit' });
  if (done.status !== 0) process.exitCode = done.status ?? 1;
  else put(join(place, 'node_modules'), join(folder, 'node_modules'));
} finally {
  rmSync(place, { recursive: true, force: true });
}

/** Moves what was brought to where it belongs; what is there goes. */
function put(brought, at) {
  if (existsSync(at)) renameSync(at, join(place, 'former'));
  try {
    renameSync(brought, at);
  } catch (error) {
    // Another build was faster with the same.
    if (!existsSync(at)) throw error;
  }
}
