-- The tables of the application on this page.
CREATE TABLE orders(id bigserial PRIMARY KEY, email text, paid boolean DEFAULT false);
