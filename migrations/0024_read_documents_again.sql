-- Documents are read with forms and lines now: those known before are read again with the next push.
update loom.documents set blob_sha = '';
