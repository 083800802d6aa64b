// tests of page.js
