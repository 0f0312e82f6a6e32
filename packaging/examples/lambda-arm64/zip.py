"""zip.py DIRECTORY ARCHIVE: a zip file that depends on nothing but names, contents and executable bits."""
import os
import sys
import zipfile

directory, archive = sys.argv[1:]
# The oldest time that a zip file can hold.
TIME = (1980, 1, 1, 0, 0, 0)

files = []
for parent, _, names in os.walk(directory):
    files += [os.path.join(parent, name) for name in names]

with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as out:
    for file in sorted(files, key=lambda path: path.encode()):
        entry = zipfile.ZipInfo(os.path.relpath(file, directory), TIME)
        entry.create_system = 3
        entry.external_attr = (0o100755 if os.access(file, os.X_OK) else 0o100644) << 16
        entry.compress_type = zipfile.ZIP_DEFLATED
        with open(file, "rb") as content:
            out.writestr(entry, content.read())
