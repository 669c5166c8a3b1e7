"""From `schemas.findings.Findings` to what people read: an HTML page, a workbook, Markdown and tables.

Everything here is a pure function of the findings, so a stored run draws the same report again.
"""
