"""Readers of file formats that several sources share. No file is ever executed."""
