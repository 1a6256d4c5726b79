"""The first files of a catalog, made from what a folder holds; nothing is overwritten."""
