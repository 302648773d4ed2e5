"""The tab Text: corpus, model, training and live sample, the whole pipeline on one screen."""
