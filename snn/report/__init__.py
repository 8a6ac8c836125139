"""Reports.

Contents, by question:
  write a picture to a file?       `snn.report.pictures`
  have the matplotlib Figure?      `snn.report.network_figures`, `snn.report.silicon_figures`,
                                   `snn.report.comparison_figures`

Nothing is imported here, so that only who draws waits for matplotlib.
"""
