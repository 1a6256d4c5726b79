CREATE TABLE orders (what TEXT NOT NULL);
INSERT INTO orders VALUES ('a chair');
