"""The pages in a browser, served by the processes of `make run`."""
