/// Keys and passwords: by their provider's format, by the name they stand under, or because they are known.
package dev.declaw.guardrails.secrets;
