"""Azure's and Google's storage over HTTP: who we are to them, and one request at a time."""
