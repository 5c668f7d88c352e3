"""trim_nixl.py SITE: leaves of NIXL what moves memory by UCX, and of its libraries those that this needs."""

import glob
import os
import subprocess
import sys

site = sys.argv[1]
libraries = f'{site}/nixl_cu13.libs'
own = f'{site}/.nixl_cu13.mesonpy.libs'
for plugin in glob.glob(f'{own}/plugins/*'):
    if os.path.basename(plugin) not in ('libplugin_UCX.so', 'libplugin_POSIX.so'):
        os.remove(plugin)
for library in glob.glob(f'{libraries}/ucx/*perftest*'):
    os.remove(library)

found = {os.path.basename(path): path for path in glob.glob(f'{libraries}/*.so*') + glob.glob(f'{own}/*.so*')}
todo = [path for pattern in (f'{site}/nixl_cu13/*.so', f'{own}/*.so*', f'{own}/plugins/*.so', f'{libraries}/ucx/*')
        for path in glob.glob(pattern)]
needed = set()
while todo:
    path = todo.pop()
    if path in needed:
        continue
    needed.add(path)
    dynamic = subprocess.run(['readelf', '-d', path], capture_output=True, text=True).stdout
    names = [line.split('[')[1].rstrip(']') for line in dynamic.splitlines() if 'NEEDED' in line]
    todo += [found[name] for name in names if name in found]
for path in glob.glob(f'{libraries}/*.so*'):
    if path not in needed and not os.path.islink(path):
        os.remove(path)
