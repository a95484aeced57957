/// Accounts: their keys, tenants, limits and what they used. There is no money here: costs and balances are zero, and said to be.
package dev.declaw.server.account;
