require('not-there-at-all');
