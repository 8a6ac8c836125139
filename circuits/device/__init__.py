"""The tunnelling transistor: current, fit to measured points, temperature and ageing."""
