/// The scanners as plug-ins of the proxy: classifiers become scanners that know their threshold. No detection here.
package dev.declaw.guardrails.plugin;
