"""Writing poems with a language model: form guaranteed by decoding, titles, files and cards."""
