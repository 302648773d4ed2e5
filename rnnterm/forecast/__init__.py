"""Forecasting a series with the same cells: series, baselines, forecasters."""
