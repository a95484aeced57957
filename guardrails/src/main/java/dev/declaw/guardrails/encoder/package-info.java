/// What the model-based scanners share: hashed n-grams, word pieces, windows, the encoder and calibration.
package dev.declaw.guardrails.encoder;
