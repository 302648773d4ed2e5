"""The tab Forecast."""
