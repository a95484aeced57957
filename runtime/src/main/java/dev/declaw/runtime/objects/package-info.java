/// Named byte sequences that are written once: a directory of this machine, or a bucket of an S3-compatible service. What
/// they hold, and whether it is sealed, is not known here.
package dev.declaw.runtime.objects;
