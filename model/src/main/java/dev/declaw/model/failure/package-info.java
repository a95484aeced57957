/// The sealed family of failures that leave the platform. Expected alternatives (a denial, a miss) are values, not failures.
package dev.declaw.model.failure;
